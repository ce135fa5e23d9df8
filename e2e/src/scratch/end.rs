//! What a release of the shop leaves behind on this machine.

use std::{fs, path::Path};

use anyhow::Result;

use super::Scratch;
use crate::{End, Repository as _, supervisors, version_at};

/// Adds it to what every release leaves behind.
pub(super) fn with_places(scratch: &Scratch, mut end: End) -> Result<End> {
    let plain = scratch.plain();
    let ports = scratch.ports();
    for (name, port) in [("staging", ports.staging), ("prod", ports.prod)] {
        let place = scratch.shop().join(".runner").join(name);
        end = end
            .with(
                &format!("version that answers in {name}"),
                format!("{:?}", version_at(port)),
            )
            .with(
                &format!("folder of {name}"),
                plain.text(&listed(&place, &["data", "logs"])?),
            );
    }
    let supervisors = supervisors(&scratch.data()).len();
    Ok(end.with("supervised processes", supervisors.to_string()))
}

/// Paths below a folder, with where links lead; `without` are folders whose content is not listed.
fn listed(folder: &Path, without: &[&str]) -> Result<String> {
    let mut lines = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.strip_prefix(folder)?.display().to_string();
            let kind = fs::symlink_metadata(&path)?.file_type();
            if kind.is_symlink() {
                lines.push(format!("{name} -> {}", fs::read_link(&path)?.display()));
            } else if kind.is_dir() && !without.contains(&name.as_str()) {
                open.push(path);
            } else {
                lines.push(name);
            }
        }
    }
    lines.sort();
    Ok(lines.join("\n"))
}
