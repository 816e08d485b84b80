//! The command line.

mod make;
mod run;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use kagibashi_card_simulator::{Mode, Settings};

/// A software ePass2003: makes tokens and plugs them into pcscd through vsmartcard-vpcd.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token with keys and certificates.
    Make(make::Make),
    /// Make a token with nothing on it.
    Blank(make::Blank),
    /// Plug a token into a virtual reader and answer until told to stop.
    Run(run::Run),
}

/// How the chip is.
#[derive(Debug, Args)]
struct Chip {
    /// File that the token lives in.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Secure messaging it speaks.
    #[arg(long, value_enum, default_value_t = ModeName::Aes)]
    mode: ModeName,
    /// Decides keys, random numbers and serial number.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeName {
    Aes,
    Cmac,
    #[value(name = "3des")]
    TripleDes,
}

impl Chip {
    /// The factory serial, counted up by the seed so that two tokens differ.
    fn settings(&self) -> Settings {
        let mode = match self.mode {
            ModeName::Aes => Mode::Aes,
            ModeName::Cmac => Mode::Cmac,
            ModeName::TripleDes => Mode::TripleDes,
        };
        let settings = Settings {
            mode,
            seed: self.seed,
            ..Settings::default()
        };
        let first = u64::from_be_bytes(settings.serial);
        Settings {
            serial: first.wrapping_add(self.seed.wrapping_sub(1)).to_be_bytes(),
            ..settings
        }
    }
}

impl Arguments {
    /// Does what was asked.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Make(make) => make.run(),
            Command::Blank(blank) => blank.run(),
            Command::Run(run) => run.run(),
        }
    }
}
