//! A server in memory: files, units, nginx and a database, as far as this plugin touches them. It refuses what the manifest
//! does not ask for, keeps a list of what was changed, and can fail at any change.

mod database;
mod files;
mod host;
pub(super) mod manifest;
mod nginx;
mod packages;
mod units;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use runner_sdk::testing::START;

/// What an application does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum App {
    Good,
    /// Ends at once.
    Dies,
    /// Is healthy, and ends three seconds later.
    DiesLater,
    /// Runs and answers 503.
    Sick,
    /// Answers, and misses its workers.
    Degraded,
}

#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) folder: String,
    pub(super) app: App,
    pub(super) pid: u32,
    pub(super) started: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    File(String),
    Link(String),
    Folder,
}

/// The server.
pub(super) struct Server {
    pub(super) nodes: RefCell<BTreeMap<String, Node>>,
    pub(super) units: RefCell<BTreeMap<String, Unit>>,
    /// What nginx runs on: the included file as it was at the last good reload.
    pub(super) nginx: RefCell<String>,
    /// Behaviour of versions; all others are good.
    pub(super) apps: BTreeMap<&'static str, App>,
    pub(super) heads: &'static str,
    pub(super) revision: RefCell<String>,
    pub(super) database: RefCell<BTreeMap<String, String>>,
    /// Programs that fail, by a part of their line, with what they say.
    pub(super) broken: RefCell<Vec<(&'static str, i32, &'static str)>>,
    /// What happens on the server after a program, by its line.
    pub(super) meanwhile: RefCell<Option<Meanwhile>>,
    /// A word that nginx refuses in its files.
    pub(super) refused: Cell<Option<&'static str>>,
    /// The next migration finds one under way.
    pub(super) collides: Cell<bool>,
    /// Reloads succeed and change nothing.
    pub(super) deaf: Cell<bool>,
    /// Who else listens.
    pub(super) listens: Cell<Option<u16>>,
    pub(super) free_mib: Cell<u64>,
    pub(super) plan: Cell<bool>,
    /// Whether the user has an account.
    pub(super) account: Cell<bool>,
    /// The change at which the server fails.
    pub(super) fails_at: Cell<Option<usize>>,
    pub(super) changes: RefCell<Vec<String>>,
    clock: Cell<u64>,
    pids: Cell<u32>,
    wants: Vec<Vec<String>>,
}

type Meanwhile = Box<dyn Fn(&Server, &str)>;

/// Exit code, output and errors of a program.
type Ended = (i32, String, String);

fn text(text: &str) -> Ended {
    (0, text.to_owned(), String::new())
}

fn fine() -> Ended {
    none(0)
}

fn none(code: i32) -> Ended {
    (code, String::new(), String::new())
}

impl Server {
    pub(super) fn new() -> Self {
        Self {
            nodes: RefCell::default(),
            units: RefCell::default(),
            nginx: RefCell::default(),
            apps: BTreeMap::new(),
            heads: "b2 (head)\n",
            revision: RefCell::new("a1\n".into()),
            database: RefCell::default(),
            broken: RefCell::default(),
            meanwhile: RefCell::default(),
            refused: Cell::default(),
            collides: Cell::default(),
            deaf: Cell::default(),
            listens: Cell::default(),
            free_mib: Cell::new(9000),
            plan: Cell::default(),
            account: Cell::new(true),
            fails_at: Cell::default(),
            changes: RefCell::default(),
            clock: Cell::new(START),
            pids: Cell::new(100),
            wants: manifest::wants(),
        }
    }

    /// What was changed since the last time.
    pub(super) fn told(&self) -> String {
        self.changes.take().join("\n")
    }

    /// A write: listed, and done unless this is a plan. True where it is to be done.
    fn changes(&self, line: String) -> Result<bool, ()> {
        let count = self.changes.borrow().len();
        self.changes.borrow_mut().push(line);
        if self.fails_at.get() == Some(count) {
            return Err(());
        }
        Ok(!self.plan.get())
    }

    fn program(&self, argv: &[&str], stdin: &str) -> Ended {
        self.unit_program(argv)
            .or_else(|| self.nginx_program(argv))
            .or_else(|| self.database_program(argv, stdin))
            .or_else(|| self.file_program(argv, stdin))
            .or_else(|| self.package_program(argv))
            .unwrap_or_else(|| panic!("the server has no program for {argv:?}"))
    }
}
