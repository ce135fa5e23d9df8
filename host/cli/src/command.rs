//! The commands: one file each.

mod backup;
mod cancel;
mod changelog;
mod ci;
mod completions;
mod costs;
mod digest;
mod doctor;
mod history;
mod logs;
mod plugin;
mod profile;
mod resume;
mod show;
mod status;
mod version;

use runner_core::event;

use crate::app::App;
use crate::approval::{self, Plain};
use crate::args::{Command, EnvCommand};
use crate::drive;
use crate::error::{Done, Exit};

/// Runs a command.
pub(crate) fn run(app: &App, command: Command) -> Done {
    match command {
        Command::Release(args) => {
            drive::begin(app, event::Command::Release { pre: args.pre }, args.plan.plan)
        }
        Command::QualityGate(args) => {
            let checks = args.checks;
            drive::begin(app, event::Command::QualityGate { checks }, args.plan.plan)
        }
        Command::Deploy(args) => {
            let command = event::Command::Deploy {
                environment: args.environment.into(),
                version: args.version,
            };
            drive::begin(app, command, args.plan.plan)
        }
        Command::Rollback(args) => {
            let command = event::Command::Rollback {
                environment: args.environment.into(),
                to: args.to,
            };
            drive::begin(app, command, args.plan.plan)
        }
        Command::Env(EnvCommand::Setup(args)) => {
            let environment = args.environment.into();
            drive::begin(app, event::Command::Setup { environment }, args.plan.plan)
        }
        Command::Backup(command) => backup::run(app, command),
        Command::Status(args) => status::run(app, &args),
        Command::Logs(args) => logs::run(app, &args),
        Command::Approve(args) => approval::answer(app, &args, Plain::Yes),
        Command::Reject(args) => approval::answer(app, &args, Plain::No),
        Command::Resume(args) => resume::run(app, &args),
        Command::Cancel(args) => cancel::run(app, &args),
        Command::History(args) => history::run(app, &args),
        Command::Show(args) => show::run(app, &args),
        Command::Digest(args) => digest::run(app, &args),
        Command::Version(args) => version::run(app, &args),
        Command::Changelog(args) => changelog::run(app, &args),
        Command::Profile(command) => profile::run(app, &command),
        Command::Plugin(command) => plugin::run(app, &command),
        Command::Ci(command) => ci::run(app, &command),
        Command::Costs(args) => costs::run(app, &args),
        Command::Doctor => doctor::run(app),
        Command::Completions { shell } => completions::run(app, shell),
        Command::ExitCodes => app.screen.data(&Exit::table()).map(|()| Exit::Done),
        Command::Supervise { .. } => {
            unreachable!("a supervisor is no command for people; `App::run` starts it")
        }
    }
}
