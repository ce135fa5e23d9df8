//! The promises of `runner`, each held against what is shipped: the components of `make plugins` as they are, hostile ones,
//! stores that fail at every append, real files and programs, and servers that speak the real protocols.

#![expect(clippy::print_stderr, reason = "a test that is left out says so")]

mod promises {
    mod approval;
    mod asking;
    mod compiled;
    mod components;
    mod conversation;
    mod crash;
    mod hostile;
    mod locks;
    mod official;
    mod plan;
    mod prometheus;
    mod restore;
    mod retention;
    mod scratch;
    mod secrets;
    mod sentry;
    mod server;
    mod signed_webhook;
    mod stopped;
    mod telegram;
    mod troubled;
    mod uptimerobot;
    mod wire;
}
