//! `cargo xtask guide`: the pictures of the guide, from those that the last
//! end-to-end tests took.

use crate::process;
use crate::setup::{self, Need};
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// Where the guide names a picture, up to the picture's name.
const REFERENCE: &str = "src=\"pictures/";

/// Makes small copies of what the guide shows, and removes what it shows no
/// longer; fails if a picture was not taken.
pub fn run(workspace: &Workspace) -> Result<()> {
    setup::ensure(workspace, &[Need::Pngquant])?;
    let folder = workspace.guide();
    let text = fs::read_to_string(folder.join("guide.ja.html")).context("reading the guide")?;
    let pictures = folder.join("pictures");
    fs::create_dir_all(&pictures)?;
    let shown = shown(&text);
    for entry in fs::read_dir(&pictures)? {
        let entry = entry?;
        if !shown.contains(&*entry.file_name().to_string_lossy()) {
            fs::remove_file(entry.path())?;
        }
    }
    let mut missing = Vec::new();
    for name in shown {
        let taken = workspace.pictures().join(name);
        if !taken.is_file() {
            missing.push(name);
            continue;
        }
        process::run(
            Command::new("pngquant")
                .args(["--force", "--strip", "--speed", "1", "--output"])
                .arg(pictures.join(name))
                .args(["32", "--"])
                .arg(taken),
        )?;
        println!("guide: {name}");
    }
    ensure!(
        missing.is_empty(),
        "the last end-to-end tests took no picture {}; run `cargo xtask test --only end-to-end`",
        missing.join(", ")
    );
    Ok(())
}

/// The names of the pictures in a page.
fn shown(page: &str) -> BTreeSet<&str> {
    page.split(REFERENCE)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn every_picture_is_found_once() {
        let page = r#"<img src="pictures/b.png"><img alt="" src="pictures/a.png" width="4">
            <img src="pictures/b.png"> <img src="elsewhere.png">"#;
        assert_eq!(Vec::from_iter(shown(page)), ["a.png", "b.png"]);
    }
}
