//! Backup `backup-files`: files and folders of this machine, kept in the artifact store by their content.
//!
//! A file that changes while it is read is kept as it was read: stop what writes it, or use the backup of its database.

use runner_sdk::{Artifact, Backup, Context, Error, Host, WithContext};
use schemars::JsonSchema;
use serde::Deserialize;

/// Keeps files and folders of this machine.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The folder that they lie in; a relative one is meant from the workspace. Nothing outside of it is touched.
    #[schemars(length(min = 1))]
    root: String,
    /// Files and folders below `root`; `{{environment}}` in them is filled in.
    #[schemars(length(min = 1))]
    paths: Vec<String>,
}

/// The backup.
pub struct FilesBackup;

impl Backup for FilesBackup {
    type Config = Config;

    fn create(host: &impl Host, context: &Context<Config>) -> Result<Vec<Artifact>, Error> {
        let mut kept = Vec::new();
        let mut planned = None;
        for place in places(context)? {
            let name = format!("{}{}", place.name, context.run_id);
            match host.artifact_put(None, &place.path, &name) {
                Ok(artifact) => kept.push(artifact),
                // A plan lists them all.
                Err(Error::Planned(text)) => planned = planned.or(Some(text)),
                Err(error) => return Err(error.context(format!("backing up `{}`", place.path))),
            }
        }
        planned.map_or(Ok(kept), |text| Err(Error::Planned(text)))
    }

    fn verify(host: &impl Host, _: &Context<Config>, artifacts: &[Artifact]) -> Result<(), Error> {
        if artifacts.is_empty() {
            return Err(Error::failed("there is nothing in the backup"));
        }
        for artifact in artifacts {
            host.artifact_verify(artifact)
                .context(format!("reading back `{}`", artifact.name))?;
        }
        Ok(())
    }

    fn restore(host: &impl Host, context: &Context<Config>, artifacts: &[Artifact]) -> Result<(), Error> {
        let places = places(context)?;
        // Known for all of them before the first is overwritten.
        let mut both = Vec::new();
        for artifact in artifacts {
            both.push((artifact, home(&places, artifact)?));
        }
        for (artifact, place) in both {
            let doing = format!("putting `{}` back to `{}`", artifact.name, place.path);
            host.artifact_get(artifact, None, &place.path).context(doing)?;
        }
        Ok(())
    }
}

/// Something that is kept.
struct Place {
    path: String,
    /// Start of the artifact's name; the id of the run that made it follows.
    name: String,
}

/// Where an artifact belongs. `data-old` and `data` start alike, so the longest name decides.
fn home<'a>(places: &'a [Place], artifact: &Artifact) -> Result<&'a Place, Error> {
    let of_it = places
        .iter()
        .filter(|place| artifact.name.starts_with(&place.name));
    of_it.max_by_key(|place| place.name.len()).context(format!(
        "the artifact `{}` belongs to none of `paths`: put back what it holds by hand, or name its path again",
        artifact.name
    ))
}

fn places(context: &Context<Config>) -> Result<Vec<Place>, Error> {
    let Config { root, paths } = &context.config;
    let environment = &context.require_environment()?.name;
    if root.is_empty() || paths.is_empty() {
        return Err(Error::invalid_config(
            "`root` or `paths` is empty: there is nothing to back up",
        ));
    }
    let mut places: Vec<Place> = Vec::new();
    for written in paths {
        let path = written.replace("{{environment}}", environment);
        let path = path.trim_matches('/');
        let last = path.rsplit('/').next().unwrap_or_default();
        if written.starts_with('/')
            || last.is_empty()
            || path.split('/').any(|part| matches!(part, "." | ".."))
        {
            return Err(Error::InvalidConfig(format!(
                "`{written}` in `paths` is no path below `root`"
            )));
        }
        let name = format!("{environment}-{last}-");
        if let Some(other) = places.iter().find(|place| place.name == name) {
            let message = format!(
                "`{written}` and `{}` end alike, and cannot be told apart: use two backups",
                other.path
            );
            return Err(Error::InvalidConfig(message));
        }
        places.push(Place {
            path: format!("{}/{path}", root.trim_end_matches('/')),
            name,
        });
    }
    Ok(places)
}

runner_sdk::export! { backup: FilesBackup }

#[cfg(test)]
mod tests {
    use runner_sdk::testing::{ScriptedHost, context};
    use serde_json::{Value, json};

    use super::*;

    fn prod(root: &str, paths: Value) -> Context<Config> {
        context(json!({"root": root, "paths": paths})).with_environment("prod", None)
    }

    fn artifact(name: &str) -> Artifact {
        Artifact {
            name: name.into(),
            digest: format!("sha256:{}", "c".repeat(64)),
            size: 1,
            location: "x".into(),
        }
    }

    #[test]
    fn keeps_each_under_its_name() {
        let host = ScriptedHost::new()
            .artifact_put(None, "demo/prod/data", artifact("prod-data-run-1"))
            .artifact_put(None, "demo/prod/shop.toml", artifact("prod-shop.toml-run-1"));
        let context = prod("demo/", json!(["{{environment}}/data/", "prod/shop.toml"]));
        let kept = FilesBackup::create(&host, &context).unwrap();
        assert_eq!(kept.len(), 2);
        let host = ScriptedHost::new()
            .artifact_verify("prod-data-run-1")
            .artifact_verify("prod-shop.toml-run-1");
        FilesBackup::verify(&host, &context, &kept).unwrap();
    }

    #[test]
    fn what_is_missing_stops_it() {
        let host = ScriptedHost::new()
            .artifact_put(None, "/srv/data", artifact("prod-data-run-1"))
            .fails(Error::failed("no such file or directory"));
        let error = FilesBackup::create(&host, &prod("/srv", json!(["data", "more"]))).unwrap_err();
        assert_eq!(
            error.message(),
            "backing up `/srv/data`: no such file or directory"
        );
    }

    #[test]
    fn a_plan_lists_all_of_them() {
        let host = ScriptedHost::new()
            .artifact_put(None, "/srv/a", artifact("prod-a-run-1"))
            .planned()
            .artifact_put(None, "/srv/b", artifact("prod-b-run-1"))
            .planned();
        let error = FilesBackup::create(&host, &prod("/srv", json!(["a", "b"])).in_plan()).unwrap_err();
        assert_eq!(
            error,
            Error::Planned("keep /srv/a as artifact prod-a-run-1".into())
        );
    }

    #[test]
    fn a_backup_that_cannot_be_read_back_is_none() {
        let host = ScriptedHost::new()
            .artifact_verify("prod-a-run-1")
            .fails(Error::failed("was changed in the store"));
        let context = prod("/srv", json!(["a"]));
        let error = FilesBackup::verify(&host, &context, &[artifact("prod-a-run-1")]).unwrap_err();
        assert_eq!(
            error.message(),
            "reading back `prod-a-run-1`: was changed in the store"
        );
        assert!(FilesBackup::verify(&ScriptedHost::new(), &context, &[]).is_err());
    }

    #[test]
    fn everything_goes_back_where_it_was() {
        // The run that restores is another than the one that kept it.
        let host = ScriptedHost::new()
            .artifact_get("prod-data-old-run-0", None, "/srv/data-old")
            .artifact_get("prod-data-run-0", None, "/srv/data");
        let kept = [artifact("prod-data-old-run-0"), artifact("prod-data-run-0")];
        FilesBackup::restore(&host, &prod("/srv", json!(["data", "data-old"])), &kept).unwrap();
    }

    #[test]
    fn nothing_is_put_back_before_all_have_a_place() {
        let kept = [artifact("prod-data-run-0"), artifact("staging-data-run-0")];
        let error =
            FilesBackup::restore(&ScriptedHost::new(), &prod("/srv", json!(["data"])), &kept).unwrap_err();
        insta::assert_snapshot!(error.message(), @"the artifact `staging-data-run-0` belongs to none of `paths`: put back what it holds by hand, or name its path again");
    }

    #[test]
    fn a_config_that_makes_no_sense_is_refused() {
        let refused = |paths: Value| {
            let error = FilesBackup::create(&ScriptedHost::new(), &prod("/srv", paths)).unwrap_err();
            assert!(matches!(error, Error::InvalidConfig(_)), "{error:?}");
            error.message().to_owned()
        };
        insta::assert_snapshot!(refused(json!([])), @"`root` or `paths` is empty: there is nothing to back up");
        insta::assert_snapshot!(refused(json!(["/etc"])), @"`/etc` in `paths` is no path below `root`");
        insta::assert_snapshot!(refused(json!(["a/../../etc"])), @"`a/../../etc` in `paths` is no path below `root`");
        insta::assert_snapshot!(refused(json!([""])), @"`` in `paths` is no path below `root`");
        insta::assert_snapshot!(refused(json!(["a/data", "b/data"])), @"`b/data` and `/srv/a/data` end alike, and cannot be told apart: use two backups");
    }
}
