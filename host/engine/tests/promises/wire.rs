//! Answers the host calls of a component outside of a run by real HTTP requests, with one secret; nothing is waited for.

use std::{collections::BTreeMap, sync::Arc};

use runner_core::{
    effect::{Outcome, Request, Response},
    profile::SecretSource,
};
use runner_engine::{capability::http::Http, plugin::Calls, secret::Secrets, stop::Stop};
use tokio::runtime::Runtime;

use super::conversation::{Conversation, Heard, of_runtime};

/// Where requests are sent from.
pub(crate) struct Wire {
    runtime: Runtime,
    /// Holds the secret.
    folder: tempfile::TempDir,
}

impl Wire {
    /// Fills `value` in for `{{secret:key}}`.
    pub(crate) fn with_secret(value: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("key"), value).expect("written");
        let runtime = Runtime::new().expect("a runtime");
        Self { runtime, folder }
    }

    /// A conversation. `heard` says what the component hears of each request and its answer.
    pub(crate) fn calls(
        &self,
        mut heard: impl FnMut(&Request, Outcome) -> Outcome + Send + 'static,
    ) -> (Box<dyn Calls>, Heard) {
        let (handle, stop) = (self.runtime.handle().clone(), Stop::default());
        let sources = BTreeMap::from([("key".to_owned(), SecretSource::File("key".to_owned()))]);
        let secrets = Secrets::new(sources, self.folder.path(), handle.clone(), stop.clone());
        let http = Http::new(Arc::new(secrets), handle, stop);
        let (calls, ear) = Conversation::by(move |n, request| match request {
            Request::Now => Ok(Response::Instant(runner_engine::clock::now())),
            Request::Send(sent) => {
                let outcome = http.send(sent);
                heard(request, outcome)
            }
            other => of_runtime(n, other).expect("nothing else is asked for"),
        });
        (calls, ear)
    }

    /// A conversation in which all goes as it goes.
    pub(crate) fn plain(&self) -> Box<dyn Calls> {
        self.calls(|_, outcome| outcome).0
    }
}
