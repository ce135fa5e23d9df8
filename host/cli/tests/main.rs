//! What a person sees: whole outputs of the command, in a repository and a home of its own each.

mod ai_review;
mod approval;
mod backup;
mod ci;
mod costs;
mod digest;
mod env;
mod go_no_go;
mod help;
mod logs;
mod plugin;
mod plugins;
mod profile;
mod release;
mod status;
mod store;
mod version;
