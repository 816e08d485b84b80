//! The door for people at a terminal, and for scripts.

mod arguments;
mod certificate;
mod conversation;
mod exit;
mod module;
mod module_worker;
mod pin;
mod print;
mod signing;
mod words;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::agent;
use crate::doctor;
use crate::grant::Grants;
use crate::install;
use crate::language::Language;
use arguments::{
    Arguments, CertificateCommand, Command, ModuleCommand, PinCommand, Preferred, SiteCommand,
};

/// What a command ends with: nothing more to say, or a failure that is told
/// with situation and advice.
type Outcome = Result<(), exit::Ending>;

/// Runs the command that was typed.
pub fn run(grants: &Grants) -> ExitCode {
    let arguments = Arguments::parse();
    let language = arguments.lang.map_or_else(Language::detect, Language::from);
    let outcome = match arguments.command {
        Command::Tokens { json } => certificate::tokens(json, language),
        Command::Certificates { json } => certificate::certificates(json, language),
        Command::Certificate(CertificateCommand::Show { id, json }) => {
            certificate::show(&id, json, language)
        }
        Command::Certificate(CertificateCommand::Export { id, out, format }) => {
            certificate::save_as(&id, out.as_deref(), format, language)
        }
        Command::Authenticate(request) => signing::authenticate(&request, language),
        Command::Sign(request) => signing::sign(&request, language),
        Command::Pin(PinCommand::Status { token, json }) => {
            pin::status(token.as_deref(), json, language)
        }
        Command::Pin(PinCommand::Verify(chosen)) => pin::verify(&chosen, language),
        Command::Pin(PinCommand::Change(chosen)) => pin::change(&chosen, language),
        Command::Pin(PinCommand::Unblock(chosen)) => pin::unblock(&chosen, language),
        Command::Sites(SiteCommand::List { json }) => signing::list_sites(grants, json),
        Command::Sites(SiteCommand::Revoke { origin }) => {
            signing::revoke_site(grants, &origin, language)
        }
        Command::Module(ModuleCommand::List { json }) => module::list(json, language),
        Command::Module(ModuleCommand::Add { path, name, json }) => {
            module::add(&path, name.as_deref(), json, language)
        }
        Command::Module(ModuleCommand::Remove { name }) => module::remove(&name, language),
        Command::Module(ModuleCommand::Prefer { name, driver }) => {
            module::prefer(&name, driver == Preferred::Module, language)
        }
        Command::Agent => agent::run().map_err(Into::into),
        Command::ModuleWorker { module } => module_worker::run(&module),
        Command::Install(request) => install::run_install(&request, language).map_err(Into::into),
        Command::Uninstall(request) => {
            install::run_uninstall(&request, language).map_err(Into::into)
        }
        Command::Doctor(request) => return doctor::run(&request, language),
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Arguments::command(),
                "kagibashi",
                &mut std::io::stdout(),
            );
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(ending) => ending.told(language),
    }
}
