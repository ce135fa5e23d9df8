//! Names and ids, each a type of its own so that one is never taken for another.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    };
}

id!(
    /// One execution of a command that changes something, e.g. `r-20260315-100000-3f2a`.
    RunId
);
id!(
    /// A step of a run's plan, e.g. `gate/build`, `prod/deploy`.
    StepId
);
id!(
    /// An environment of the profile, e.g. `staging`.
    EnvironmentName
);
id!(
    /// One conversation of effects: a step, or the undoing of one (`prod/deploy#undo`).
    Scope
);

impl StepId {
    /// The scope of the step's own effects.
    pub fn scope(&self) -> Scope {
        Scope(self.0.clone())
    }

    /// The scope of the effects of undoing the step.
    pub fn undo_scope(&self) -> Scope {
        Scope(format!("{}#undo", self.0))
    }
}
