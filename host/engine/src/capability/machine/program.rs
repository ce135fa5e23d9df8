//! Programs on a machine over SSH.

use std::{fmt::Write as _, io, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use runner_core::{
    effect::{Command, Nature},
    fault::Fault,
};

use super::{
    carrier::{Script, quoted},
    remote::{After, Attempt, BEHIND, Remote, Task},
};
use crate::{
    capability::process::{LONGEST, Sink},
    secret::Secrets,
};

/// Seconds that a program waits for an earlier attempt that is just about to end.
const PATIENCE: &str = "1";

/// A program with everything filled in, as sh.
pub(in crate::capability) struct Program {
    argv: Vec<String>,
    cwd: String,
    /// The environment and the input. Neither gets into an argument or a file.
    prelude: String,
    limit: Duration,
    writes: bool,
}

/// Why a program was not run. Nothing was done.
pub(in crate::capability) enum NotRun {
    /// As it would be told of here.
    Started(io::ErrorKind),
    /// Its folder is not there.
    Folder,
    /// An earlier attempt is under way.
    Busy,
    /// The machine cannot.
    Fault(Fault),
}

/// How a program ended.
pub(in crate::capability) enum End {
    Code(i32),
    Signal(i32),
}

impl Program {
    /// Fills in secrets and quotes.
    pub(in crate::capability) fn new(command: &Command, secrets: &Secrets) -> Result<Self, Fault> {
        let machine = command.machine.as_deref().unwrap_or_default();
        let cwd = command.cwd.clone().unwrap_or_default();
        if !cwd.is_empty() && !cwd.starts_with('/') {
            return Err(Fault::failed(format!(
                "cannot run a program in `{cwd}` on machine `{machine}`: write an absolute path, or none for the user's home"
            )));
        }
        let argv: Result<Vec<_>, _> = command.argv.iter().map(|word| secrets.fill(word)).collect();
        let mut prelude = "environment() {\n:\n".to_owned();
        let mut texts = argv?;
        for (name, value) in &command.env {
            if !is_variable(name) {
                return Err(Fault::failed(format!(
                    "cannot set the variable `{name}` on machine `{machine}`: a name has letters, digits and `_`"
                )));
            }
            let value = secrets.fill(value)?;
            let _ = writeln!(prelude, "export {name}={}", quoted(&value));
            texts.push(value);
        }
        prelude.push_str("}\n");
        if texts.iter().any(|text| text.contains('\0')) {
            return Err(Fault::failed(format!(
                "cannot run `{}` on machine `{machine}`: an argument or a variable holds a zero byte",
                command.argv[0]
            )));
        }
        texts.truncate(command.argv.len());
        if let Some(stdin) = &command.stdin {
            let input = STANDARD.encode(secrets.fill_bytes(&stdin.0)?);
            let _ = writeln!(prelude, "input={}", quoted(&input));
        }
        Ok(Self {
            argv: texts,
            cwd,
            prelude,
            limit: Duration::from_millis(command.timeout_ms).min(LONGEST),
            writes: command.nature != Nature::Read,
        })
    }
}

fn is_variable(name: &str) -> bool {
    let mut letters = name.bytes();
    let first = letters
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Remote {
    /// One attempt of a program.
    pub(in crate::capability) fn run(
        &self,
        program: &Program,
        task: &Task<'_>,
        stdout: &mut dyn Sink,
        stderr: &mut dyn Sink,
    ) -> Result<Attempt, Fault> {
        let seconds = program.limit.as_secs_f64().ceil();
        let limit = format!("{}", seconds + Duration::from_secs(BEHIND).as_secs_f64());
        let mut words = vec![
            program.cwd.as_str(),
            &limit,
            if program.writes { PATIENCE } else { "" },
        ];
        words.extend(program.argv.iter().map(String::as_str));
        let script = Script {
            text: include_str!("sh/program.sh"),
            words,
            prelude: &program.prelude,
            effect: task.effect,
        };
        self.once(&script, After::Word, task.limit, stdout, stderr)
    }

    /// What was told of a program's end.
    pub(in crate::capability) fn end(&self, task: &Task<'_>, word: &str) -> Result<End, NotRun> {
        match word {
            "folder" => Err(NotRun::Folder),
            "busy" => Err(NotRun::Busy),
            "program none" => Err(NotRun::Started(io::ErrorKind::NotFound)),
            "program mode" => Err(NotRun::Started(io::ErrorKind::PermissionDenied)),
            number => match number.parse() {
                // How a shell tells of a signal; a program that exits with such a code by itself looks the same.
                Ok(code @ 129..=192) => Ok(End::Signal(code - 128)),
                Ok(code) => Ok(End::Code(code)),
                Err(_) => Err(NotRun::Fault(self.refused(task, word, b""))),
            },
        }
    }
}
