//! Ctrl-C and SIGTERM: the first stops the run where it is, to be resumed; the second ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use runner_engine::stop::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Done, Exit};
use crate::screen::Screen;

/// What was heard; 0 is nothing yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<AtomicU8>);

impl Heard {
    /// The exit code of the signal that stopped the run, if one did.
    pub(crate) fn exit(&self) -> Option<Exit> {
        let number = self.0.load(Ordering::SeqCst);
        Exit::ALL
            .into_iter()
            .find(|exit| number != 0 && exit.number() == number)
    }
}

/// Listens from now on.
pub(crate) fn listen(handle: &tokio::runtime::Handle, stop: Stop, screen: Screen) -> Done<Heard> {
    spawn(handle, stop, Some(screen))
}

/// The same for what is not resumed: nothing is said.
pub(crate) fn listen_quietly(handle: &tokio::runtime::Handle, stop: Stop) -> Done<Heard> {
    spawn(handle, stop, None)
}

fn spawn(handle: &tokio::runtime::Handle, stop: Stop, screen: Option<Screen>) -> Done<Heard> {
    let heard = Heard::default();
    let _inside = handle.enter();
    let (ctrl_c, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    handle.spawn(hear(ctrl_c, terminate, stop, screen, heard.clone()));
    Ok(heard)
}

async fn hear(mut ctrl_c: Signal, mut terminate: Signal, stop: Stop, screen: Option<Screen>, heard: Heard) {
    loop {
        let exit = tokio::select! {
            _ = ctrl_c.recv() => Exit::CtrlC,
            _ = terminate.recv() => Exit::Terminated,
        };
        if heard.0.swap(exit.number(), Ordering::SeqCst) != 0 {
            leave(exit);
        }
        stop.stop();
        if let Some(screen) = &screen {
            screen.say("stopping; once more to stop at once, as a crash would");
        }
    }
}

/// The journal holds whatever happens now: this is the crash that a resume is made for.
#[expect(
    clippy::exit,
    reason = "a person asked twice, and nothing may hold the process up"
)]
fn leave(exit: Exit) -> ! {
    std::process::exit(exit.number().into())
}
