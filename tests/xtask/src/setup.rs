//! Sees to it that what a command needs is on this machine.
//!
//! Everything is looked for by its program or file first; where nothing is
//! missing, nothing is printed and nothing is touched.

mod apt;
mod cargo_tools;
mod node;

use crate::workspace::Workspace;
use anyhow::Result;
use std::ffi::OsString;
use std::process::Command;

/// One thing that a command needs from the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// What the Rust crates with C inside are compiled with.
    CCompiler,
    /// What the host is linked against to reach card readers.
    PcscLibrary,
    /// The service that card readers hang on.
    PcscDaemon,
    /// The reader driver that the software token plugs into.
    VirtualReader,
    /// The programs that judge the software token.
    OpenSc,
    /// The program that judges signatures.
    OpenSsl,
    Chromium,
    ChromiumInJapanese,
    JapaneseFont,
    /// The programs that make a throw-away browser profile trust the portals,
    /// and that say which modules a profile has.
    NssTools,
    /// What the portal that asks for certificates in TLS handshakes stands on.
    WebServer,
    /// A visitor with a certificate in files.
    Curl,
    /// Programs other than browsers that sign in with the module.
    TlsPrograms,
    /// A module that is not ours, for the tests of registering modules.
    OtherModule,
    /// What gathers modules.
    P11Kit,
    /// A stranger at our sockets.
    Python,
    /// The program that says what our module exports.
    Binutils,
    Firefox,
    /// A display in memory, for the browser that shows some of its windows on
    /// a display only, with a keyboard.
    VirtualDisplay,
    Rustfmt,
    Clippy,
    CargoDeny,
    /// What makes the pictures of the guide small.
    Pngquant,
    /// What makes the Debian package.
    CargoDeb,
    /// Node with npm, new enough to run TypeScript as it is.
    Node,
}

pub const FOR_BENCH: &[Need] = &[
    Need::CCompiler,
    Need::PcscLibrary,
    Need::PcscDaemon,
    Need::VirtualReader,
    Need::OpenSc,
];

pub const FOR_DEMO: &[Need] = &[
    Need::CCompiler,
    Need::PcscLibrary,
    Need::PcscDaemon,
    Need::VirtualReader,
    Need::Chromium,
    Need::ChromiumInJapanese,
    Need::JapaneseFont,
    Need::NssTools,
    Need::WebServer,
    Need::Node,
];

/// The demo's, and those of the tests with the other browser.
pub const FOR_END_TO_END: &[Need] = &[
    Need::CCompiler,
    Need::PcscLibrary,
    Need::PcscDaemon,
    Need::VirtualReader,
    Need::Chromium,
    Need::ChromiumInJapanese,
    Need::JapaneseFont,
    Need::NssTools,
    Need::WebServer,
    Need::OpenSc,
    Need::OpenSsl,
    Need::OtherModule,
    Need::P11Kit,
    Need::Curl,
    Need::TlsPrograms,
    Need::Firefox,
    Need::VirtualDisplay,
    Need::Node,
];

const EVERYTHING: &[Need] = &[
    Need::CCompiler,
    Need::PcscLibrary,
    Need::PcscDaemon,
    Need::VirtualReader,
    Need::OpenSc,
    Need::OpenSsl,
    Need::Chromium,
    Need::ChromiumInJapanese,
    Need::JapaneseFont,
    Need::NssTools,
    Need::WebServer,
    Need::Curl,
    Need::TlsPrograms,
    Need::OtherModule,
    Need::P11Kit,
    Need::Python,
    Need::Binutils,
    Need::Firefox,
    Need::VirtualDisplay,
    Need::Rustfmt,
    Need::Clippy,
    Need::CargoDeny,
    Need::CargoDeb,
    Need::Pngquant,
    Need::Node,
];

/// The search path with which the installed tools come first.
pub struct Tools {
    path: OsString,
}

impl Tools {
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", &self.path);
        command
    }
}

/// Installs whatever any command needs.
pub fn everything(workspace: &Workspace) -> Result<()> {
    ensure(workspace, EVERYTHING)?;
    println!("setup: everything is in place");
    Ok(())
}

/// Installs what is missing of `needs`.
pub fn ensure(workspace: &Workspace, needs: &[Need]) -> Result<Tools> {
    let node_place = if needs.contains(&Need::Node) {
        node::place(workspace)
    } else {
        node::Place::System
    };
    let npm_for_bootstrap = node_place == node::Place::Absent;
    apt::install_missing(workspace, needs, npm_for_bootstrap)?;
    if node_place == node::Place::Absent {
        node::install(workspace)?;
    }
    for need in needs {
        match need {
            Need::Rustfmt => cargo_tools::ensure_component("rustfmt", "fmt")?,
            Need::Clippy => cargo_tools::ensure_component("clippy", "clippy")?,
            Need::CargoDeny => cargo_tools::ensure(workspace, &cargo_tools::DENY)?,
            Need::CargoDeb => cargo_tools::ensure(workspace, &cargo_tools::DEB)?,
            _ => {}
        }
    }

    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = Vec::new();
    if node_place != node::Place::System {
        folders.extend(node::folders_of_programs(workspace));
    }
    folders.push(cargo_tools::folder_of_programs(workspace));
    folders.extend(std::env::split_paths(&inherited));
    Ok(Tools {
        path: std::env::join_paths(folders)?,
    })
}
