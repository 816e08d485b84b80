//! `cargo xtask bench`: the card commands of an operation against its budget.

use crate::process;
use crate::setup;
use crate::workspace::Workspace;
use anyhow::Result;

pub fn run(workspace: &Workspace) -> Result<()> {
    let tools = setup::ensure(workspace, setup::FOR_BENCH)?;
    // The bench starts the program and its module, which lie beside it.
    process::run(tools.command("cargo").current_dir(workspace.root()).args([
        "build",
        "--quiet",
        "--locked",
        "--package",
        "kagibashi",
        "--package",
        "kagibashi-pkcs11",
    ]))?;
    process::run(tools.command("cargo").current_dir(workspace.root()).args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "kagibashi-bench",
    ]))
}
