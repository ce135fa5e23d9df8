//! Files, folders and links, and the programs that touch them.

use std::collections::BTreeMap;

use runner_sdk::machine_files::{Entry, Kind};

use super::{Ended, Node, Server, fine, none, text};

impl Server {
    pub(in crate::tests) fn put(&self, path: &str, text: &str) {
        self.nodes
            .borrow_mut()
            .insert(path.into(), Node::File(text.into()));
    }

    pub(in crate::tests) fn node(&self, path: &str) -> Option<Node> {
        self.nodes.borrow().get(path).cloned()
    }

    pub(in crate::tests) fn link_to(&self, path: &str) -> Option<String> {
        match self.node(path) {
            Some(Node::Link(to)) => Some(to),
            _ => None,
        }
    }

    pub(super) fn below(&self, folder: &str) -> Option<Vec<Entry>> {
        let (start, nodes) = (format!("{folder}/"), self.nodes.borrow());
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for (path, node) in nodes.iter() {
            let Some(rest) = path.strip_prefix(&start) else {
                continue;
            };
            let (name, deep) = rest
                .split_once('/')
                .map_or((rest, false), |(name, _)| (name, true));
            let (kind, target) = match node {
                _ if deep => (Kind::Folder, None),
                Node::File(_) => (Kind::File, None),
                Node::Link(to) => (Kind::Link, Some(to.clone())),
                Node::Folder => (Kind::Folder, None),
            };
            let entry = Entry {
                name: name.into(),
                kind,
                size: 0,
                target,
            };
            entries.entry(name.into()).or_insert(entry);
        }
        (!entries.is_empty() || nodes.contains_key(folder)).then(|| entries.into_values().collect())
    }

    pub(super) fn remove(&self, path: &str) {
        let below = format!("{path}/");
        self.nodes
            .borrow_mut()
            .retain(|there, _| there != path && !there.starts_with(&below));
    }

    pub(super) fn moves(&self, from: &str, to: &str) {
        let mut nodes = self.nodes.borrow_mut();
        let moved: Vec<_> = nodes
            .keys()
            .filter(|path| *path == from || path.starts_with(&format!("{from}/")))
            .cloned()
            .collect();
        for path in moved {
            let node = nodes.remove(&path).unwrap();
            nodes.insert(path.replacen(from, to, 1), node);
        }
    }

    pub(super) fn file_program(&self, argv: &[&str], stdin: &str) -> Option<Ended> {
        Some(match argv {
            ["df", ..] => text(&format!(
                "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda1 1 1 {} 1% /\n",
                self.free_mib.get() * 1024
            )),
            ["install", "-d", "-m", _, "--", path] => {
                self.nodes
                    .borrow_mut()
                    .entry((*path).to_owned())
                    .or_insert(Node::Folder);
                fine()
            }
            ["install", .., "/dev/stdin", path] => {
                self.put(path, stdin);
                fine()
            }
            ["mv", "-fT", from, _] if self.node(from).is_none() && self.below(from).is_none() => (
                1,
                String::new(),
                format!("mv: cannot stat '{from}': No such file or directory"),
            ),
            ["mv", "-fT", from, to] => {
                self.remove(to);
                self.moves(from, to);
                fine()
            }
            ["ln", "-sfn", to, path] => {
                self.nodes
                    .borrow_mut()
                    .insert((*path).into(), Node::Link((*to).into()));
                fine()
            }
            ["rm", "-f", path] => {
                self.remove(path);
                fine()
            }
            ["chown", .., path] if self.node(path).is_none() && self.below(path).is_none() => (
                1,
                String::new(),
                format!("chown: cannot access '{path}': No such file or directory"),
            ),
            ["chown", ..] => fine(),
            ["stat", "--format", "%F", "--", path] => match (self.node(path), self.below(path)) {
                (Some(Node::Link(_)), _) => text("symbolic link\n"),
                (Some(Node::File(_)), _) => text("regular file\n"),
                (None, None) => none(1),
                _ => text("directory\n"),
            },
            ["stat", "--format", "%U %a", "--", path] => match self.node(path) {
                Some(_) => text("ubuntu 755\n"),
                None => none(1),
            },
            ["cmp", "-s", "-", path] => match self.node(path) {
                Some(Node::File(there)) if there == stdin => fine(),
                Some(_) => none(1),
                None => none(2),
            },
            ["grep", .., path] => match self.node(path) {
                Some(Node::File(there)) => text(
                    &there
                        .lines()
                        .filter_map(|line| Some(format!("{}=\"\n", line.split_once("=\"")?.0)))
                        .collect::<String>(),
                ),
                _ => none(2),
            },
            _ => return None,
        })
    }
}
