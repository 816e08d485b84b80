//! `cargo xtask test`: everything that must hold before a change lands.

mod installation;
mod repetition;
mod stage;
mod tally;

use crate::setup::{self, Need};
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use stage::{STAGES, Stage};
use std::time::Instant;
use tally::Tally;

/// Which stages to run; all of them unless told.
pub struct Options {
    stages: Vec<&'static Stage>,
}

impl Options {
    pub fn parse(arguments: &[&str]) -> Result<Self> {
        let wanted: Vec<&str> = match arguments {
            [] => STAGES.iter().map(|stage| stage.name).collect(),
            ["--only", names] => names.split(',').collect(),
            _ => bail!("test takes only `--only STAGE,...`"),
        };
        let known = |name: &&str| STAGES.iter().any(|stage| stage.name == *name);
        if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
            let names: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
            bail!("there is no stage `{unknown}`, only {}", names.join(", "));
        }
        let stages = STAGES
            .iter()
            .filter(|stage| wanted.contains(&stage.name))
            .collect();
        Ok(Self { stages })
    }
}

/// Runs the stages until one fails, then says what ran and how long it took.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let needs: Vec<Need> = options
        .stages
        .iter()
        .flat_map(|stage| stage.needs)
        .copied()
        .collect();
    let tools = setup::ensure(workspace, &needs)?;

    let mut tally = Tally::default();
    let mut report = Vec::new();
    let mut failure = None;
    for stage in &options.stages {
        if failure.is_some() {
            report.push(format!("  {:<12}not run", stage.name));
            continue;
        }
        println!("\n== {} ==", stage.name);
        let start = Instant::now();
        let word = match (stage.run)(workspace, &tools, &mut tally) {
            Ok(()) => "ok",
            Err(error) => {
                // A failure that is no test's, as one of compiling, counts too.
                tally.failed = tally.failed.max(1);
                failure = Some(error.context(format!("stage {} failed", stage.name)));
                "FAILED"
            }
        };
        let seconds = start.elapsed().as_secs_f32();
        println!("== {}: {word} ==", stage.name);
        report.push(format!("  {:<12}{word:<8}{seconds:>7.1} s", stage.name));
    }

    println!("\n{}", report.join("\n"));
    println!("\n{} passed, {} failed", tally.passed, tally.failed);
    if tally.repeated > 0 {
        println!("{} of them passed only the second time", tally.repeated);
    }
    failure.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn chosen_stages_keep_their_order_and_unknown_ones_are_refused() {
        let chosen = Options::parse(&["--only", "deny,fmt"]).unwrap();
        let names: Vec<&str> = chosen.stages.iter().map(|stage| stage.name).collect();
        assert_eq!(names, ["fmt", "deny"]);
        for wrong in [&["--only", "fmt,nonsense"][..], &["--only"], &["fmt"]] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
