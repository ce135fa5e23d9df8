//! What is wrong with a profile: each thing with its place, what it is, and what to do.

use std::fmt;

use super::origin::Origin;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileError {
    /// Where it was written, as far as that is known.
    pub origin: Option<Origin>,
    /// The value, e.g. `environments.prod.watch.interval`; empty for the whole.
    pub path: String,
    /// What is wrong, and with which value.
    pub message: String,
    /// What to do; may be empty.
    pub hint: String,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if !self.hint.is_empty() {
            write!(f, "\n  hint: {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for ProfileError {}

/// Everything that is wrong, in the order of the files; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileErrors(pub Vec<ProfileError>);

impl ProfileErrors {
    /// In order, without repetitions.
    pub(crate) fn of(mut errors: Vec<ProfileError>) -> Self {
        errors.sort_by(|a, b| (&a.origin, &a.path).cmp(&(&b.origin, &b.path)));
        errors.dedup();
        Self(errors)
    }

    /// Fails when there are any.
    pub(crate) fn unless_none(errors: Vec<ProfileError>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self::of(errors))
        }
    }
}

impl From<ProfileError> for ProfileErrors {
    fn from(error: ProfileError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ProfileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ProfileErrors {}

/// The name that was probably meant.
pub(super) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let far = (written.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&written.to_lowercase(), &name.to_lowercase()),
                name,
            )
        })
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A hint that names what was probably meant, and everything that could be.
pub(super) fn choices<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
    none: &str,
) -> String {
    let all: Vec<_> = known
        .clone()
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect();
    if all.is_empty() {
        return none.to_owned();
    }
    match did_you_mean(written, known) {
        Some(name) => format!("did you mean `{name}`? known here: {}", all.join(", ")),
        None => format!("known here: {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_meant() {
        let known = ["interval", "duration", "rules"];
        assert_eq!(did_you_mean("intervall", known), Some("interval"));
        assert_eq!(did_you_mean("Duraiton", known), Some("duration"));
        assert_eq!(did_you_mean("x", known), None);
        assert_eq!(choices("x", [], "there is none"), "there is none");
    }
}
