//! The repository keeps its own rules: what may depend on what, who may know whom, and documents that are true. A test
//! that fails here says which file breaks which rule; change the file, or the rule and its document together.

mod api;
mod commands;
mod dependencies;
mod deploy;
mod desk;
mod documents;
mod examples;
mod imports;
mod repository;
mod routes;
mod settings;
mod sources;
mod startup;
