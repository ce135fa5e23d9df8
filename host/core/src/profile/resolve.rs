//! From layers to the profile: everything that is wrong at once, or a profile that can be used.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::layer::Layer;
use super::merge::{Merged, merge};
use super::origin::Provenance;
use super::problem::{ProfileError, ProfileErrors};
use super::uses::PlacedUse;
use super::{Profile, machines, references, schema, structure};
use crate::manifest::Manifest;

/// A profile and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The profile.
    pub profile: Profile,
    /// The layers as one.
    pub merged: Merged,
}

impl Resolved {
    /// What was written, without the defaults.
    pub fn tree(&self) -> &Value {
        &self.merged.tree
    }

    /// The names of machines in a use's config that the profile does not have; `manifest` is its plugin's.
    pub fn unknown_machines(&self, used: &PlacedUse, manifest: &Manifest) -> Vec<ProfileError> {
        machines::check_config(&self.merged, used, manifest)
    }

    /// Where it was written.
    pub fn provenance(&self) -> &Provenance {
        &self.merged.provenance
    }
}

/// Merges layers, the first at the bottom, and reads the profile. [`super::stack`] puts the built-in one below.
///
/// The plugins' own configs are checked by [`super::schema::check_config`], once the plugins are known.
///
/// # Errors
/// Everything that is wrong.
pub fn resolve(layers: Vec<Layer>) -> Result<Resolved, ProfileErrors> {
    let merged = merge(layers)?;
    let mut errors = structure::check(&merged.tree, schema::profile(), "", &merged.provenance);
    let sound = errors.is_empty();
    errors.extend(references::check(&merged));
    match structure::read(&merged.tree, "", &merged.provenance) {
        Ok(profile) if errors.is_empty() => return Ok(Resolved { profile, merged }),
        // Of the wrong shape: that has been told of, and better.
        Err(error) if sound => errors.extend(error.0),
        _ => {}
    }
    Err(ProfileErrors::of(errors))
}
