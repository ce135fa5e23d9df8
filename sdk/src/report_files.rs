//! Files that a program writes for a check to read, and never those of an earlier run.

use crate::{Command, Error, Host, WithContext};

/// The largest report to read, in bytes.
const LARGEST: u32 = 32 * 1024 * 1024;

/// The report of a check: one file, or all that a glob matches.
///
/// A guest cannot see how old a file is. So one file is removed before the program runs (`rm -f -- path`, which the
/// manifest must want), and what a glob matches is remembered, and refused where it is the same afterwards.
#[derive(Debug)]
pub struct ReportFiles<'a> {
    pattern: &'a str,
    before: Vec<(String, Vec<u8>)>,
}

impl<'a> ReportFiles<'a> {
    /// The report as it lies there: somebody else wrote it.
    pub fn as_found(pattern: &'a str) -> Self {
        Self {
            pattern,
            before: Vec::new(),
        }
    }

    /// Called before the program that writes the report.
    pub fn before_run(host: &impl Host, pattern: &'a str) -> Result<Self, Error> {
        let mut report = Self::as_found(pattern);
        if is_glob(pattern) {
            for path in host.glob(pattern)? {
                let content = host.read_file(&path, LARGEST)?;
                report.before.push((path, content));
            }
        } else {
            let remove = Command::new(["rm", "-f", "--", pattern])
                .idempotent()
                .foresee_success();
            host.run(&remove)?
                .require_success(&format!("removing the report `{pattern}` of an earlier run"))?;
        }
        Ok(report)
    }

    /// The report's files, by path. None at all is an error that names the path or the glob.
    pub fn read(self, host: &impl Host) -> Result<Vec<(String, Vec<u8>)>, Error> {
        if !is_glob(self.pattern) {
            let content = host
                .read_file(self.pattern, LARGEST)
                .context(format!("reading the report `{}`", self.pattern))?;
            return Ok(vec![(self.pattern.to_owned(), content)]);
        }
        let paths = host.glob(self.pattern)?;
        if paths.is_empty() {
            return Err(Error::failed(format!("no report matches `{}`", self.pattern)));
        }
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let content = host
                .read_file(&path, LARGEST)
                .context(format!("reading the report `{path}`"))?;
            files.push((path, content));
        }
        match files.iter().find(|file| self.before.contains(file)) {
            Some((path, _)) => Err(Error::failed(format!(
                "the report `{path}` is as it was before the run: have the command remove old reports first"
            ))),
            None => Ok(files),
        }
    }
}

fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ScriptedHost;

    #[test]
    fn one_file_is_removed_first() {
        let host = ScriptedHost::new()
            .run(["rm", "-f", "--", "out.xml"])
            .read_file("out.xml", "new");
        let report = ReportFiles::before_run(&host, "out.xml").unwrap();
        assert_eq!(
            report.read(&host).unwrap(),
            [("out.xml".to_owned(), b"new".to_vec())]
        );
    }

    #[test]
    fn a_missing_report_is_named() {
        let host = ScriptedHost::new()
            .missing_file("out.xml")
            .glob("r/*.xml", [""; 0]);
        let error = ReportFiles::as_found("out.xml").read(&host).unwrap_err();
        assert_eq!(
            error.message(),
            "reading the report `out.xml`: no file `out.xml` in the workspace"
        );
        let error = ReportFiles::as_found("r/*.xml").read(&host).unwrap_err();
        assert_eq!(error.message(), "no report matches `r/*.xml`");
    }

    #[test]
    fn what_a_glob_matches_must_be_new() {
        let host = ScriptedHost::new()
            .glob("r/*.xml", ["r/a.xml", "r/b.xml"])
            .read_file("r/a.xml", "old a")
            .read_file("r/b.xml", "old b")
            .glob("r/*.xml", ["r/a.xml", "r/b.xml"])
            .read_file("r/a.xml", "new a")
            .read_file("r/b.xml", "old b");
        let error = ReportFiles::before_run(&host, "r/*.xml")
            .unwrap()
            .read(&host)
            .unwrap_err();
        assert_eq!(
            error.message(),
            "the report `r/b.xml` is as it was before the run: have the command remove old reports first"
        );
    }
}
