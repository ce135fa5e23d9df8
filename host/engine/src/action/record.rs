//! Records that a release is good in an environment: what a later rollback may go to.

use runner_core::{
    effect::Request, id::EnvironmentName, output::Output, release::GoodRelease, step::StepError,
};

use super::Here;
use crate::conductor::Done;

pub(super) fn record(here: &Here<'_>, name: &EnvironmentName) -> Done {
    let release = here
        .release()
        .ok_or_else(|| StepError::failed("there is no release to record"))?;
    let good = GoodRelease {
        release,
        at: here.now()?,
        run: here.run.id.clone(),
    };
    here.ask(Request::RecordGood {
        environment: name.clone(),
        good: good.clone(),
    })?;
    Ok(Output::Good(good))
}
