//! The tag of a release, and sending it out.

use runner_core::{
    effect::{Outcome, Response},
    fault::Fault,
};

use super::{Git, commit::short};

/// What a remote, or the way to it, says when another try may help.
const PASSING: [&str; 8] = [
    "Could not resolve host",
    "Failed to connect to",
    "Temporary failure in name resolution",
    "Connection refused",
    "Connection timed out",
    "Connection reset",
    "The requested URL returned error: 5",
    "remote end hung up unexpectedly",
];

impl Git {
    /// Makes an annotated tag, dated `at` (seconds since the epoch), the same each time. One of that name on the same
    /// commit is done already; on another commit it fails and says how to resolve it.
    pub fn tag(&self, tag: &str, commit: &str, message: &str, at: u64) -> Outcome {
        let reference = format!("refs/tags/{tag}");
        if tag.starts_with('-')
            || self
                .git(["check-ref-format", &reference])
                .text_or_none()?
                .is_none()
        {
            return Err(Fault::failed(format!(
                "`{tag}` is not a name that git takes for a tag"
            )));
        }
        let commit = self.commit_id(commit)?;
        if let Some(present) = self
            .git(["rev-parse", "--verify", "--quiet", &reference])
            .text_or_none()?
        {
            return match self.peel(&reference)? {
                Some(tagged) if tagged == commit => Ok(Response::Done),
                other => Err(elsewhere(tag, other.as_deref().unwrap_or(&present), &commit)),
            };
        }
        let (name, mail) = self.identity()?;
        let message = message.trim_end();
        let object = format!(
            "object {commit}\ntype commit\ntag {tag}\ntagger {name} <{mail}> {} +0000\n\n{message}\n",
            at
        );
        // Not `git tag`, which signs and edits as the user's configuration says: it would be another one each time.
        let made = self.git(["mktag"]).input(object.as_bytes()).text()?;
        let none = "0".repeat(commit.len());
        self.git(["update-ref", &reference, made.trim_end(), &none])
            .bytes()?;
        Ok(Response::Done)
    }

    /// Sends branches and tags to a remote, all of them or none where the remote can do that. What is there already is done.
    pub fn push(&self, remote: &str, refs: &[String]) -> Outcome {
        let option = |word: &str| word.is_empty() || word.starts_with(['-', '+']);
        if option(remote) || refs.is_empty() || refs.iter().any(|name| option(name)) {
            return Err(Fault::failed(format!(
                "cannot push `{}` to `{remote}`: names are wanted",
                refs.join(" ")
            )));
        }
        let push = |how: &[&str]| {
            let call = self
                .git(["push", "--porcelain", "--no-follow-tags"])
                .args(how.iter().copied());
            call.arg("--").arg(remote).args(refs).run()
        };
        let mut output = push(&["--atomic"])?;
        if String::from_utf8_lossy(&output.stderr).contains("does not support --atomic") {
            output = push(&[])?;
        }
        if output.status.success() {
            return Ok(Response::Done);
        }
        // First what the remote said of each reference: it hangs up on an atomic push that it does not take.
        if let Some((reference, why)) = rejected(&String::from_utf8_lossy(&output.stdout)) {
            return Err(self.rejection(remote, reference, why));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        match PASSING.iter().any(|passing| said.contains(passing)) {
            true => Err(Fault::transient(format!(
                "cannot reach `{remote}`: {}",
                said.trim()
            ))),
            false => Err(self.told(&format!("git push {remote}"), &output)),
        }
    }

    fn rejection(&self, remote: &str, reference: &str, why: &str) -> Fault {
        let name = reference
            .trim_start_matches("refs/heads/")
            .trim_start_matches("refs/tags/");
        Fault::failed(if reference.starts_with("refs/tags/") {
            format!(
                "`{remote}` has another tag `{name}` ({why}): if it is a mistake, remove it with `git push --delete {remote} \
                 {name}`, else fetch it with `git fetch --tags {remote}` and release the next version"
            )
        } else {
            format!(
                "`{remote}` does not take the branch `{name}` ({why}): get what is new there with `git pull --rebase {remote} \
                 {name}`, or ask whoever protects the branch, and release again"
            )
        })
    }
}

/// The first reference that was not taken, and why. The others of an atomic push name only that as their reason.
fn rejected(porcelain: &str) -> Option<(&str, &str)> {
    let mut all = porcelain.lines().filter_map(|line| {
        // `!<tab>from:to<tab>[rejected] (why)`.
        let (names, why) = line.strip_prefix("!\t")?.split_once('\t')?;
        let why = why
            .trim_start_matches("[rejected]")
            .trim_start_matches("[remote rejected]")
            .trim();
        Some((
            names.split_once(':')?.1,
            why.trim_start_matches('(').trim_end_matches(')'),
        ))
    });
    let first = all.next()?;
    match first.1.contains("atomic") {
        true => Some(all.find(|(_, why)| !why.contains("atomic")).unwrap_or(first)),
        false => Some(first),
    }
}

fn elsewhere(tag: &str, tagged: &str, commit: &str) -> Fault {
    Fault::failed(format!(
        "the tag `{tag}` is there already, on {} instead of {}: if it is a mistake, remove it with `git tag -d {tag}` (and, where \
         it was pushed, `git push --delete origin {tag}`); if it is right, release from a newer commit",
        short(tagged),
        short(commit)
    ))
}
