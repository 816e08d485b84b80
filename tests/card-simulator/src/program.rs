//! The command line.

mod make;
mod run;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use kagibashi_card_simulator::{Mode, Refusal, RefusedCommand, Settings};

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
    /// Refuse the raw RSA operation with this status word, such as 6F83.
    #[arg(long, value_name = "SW", value_parser = status_word)]
    refuse_raw: Option<u16>,
    /// Refuse with this status word to finish a hash and sign it.
    #[arg(long, value_name = "SW", value_parser = status_word)]
    refuse_hashing: Option<u16>,
}

fn status_word(typed: &str) -> Result<u16, String> {
    match u16::from_str_radix(typed, 16) {
        Ok(status) if typed.len() == 4 => Ok(status),
        _ => Err("a status word has four hexadecimal digits".to_owned()),
    }
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
        let refusal = |status: Option<u16>| {
            status.map(|status| Refusal {
                at: RefusedCommand::UseKey,
                status,
            })
        };
        let settings = Settings {
            mode,
            seed: self.seed,
            refuses_raw: refusal(self.refuse_raw),
            refuses_hashing: refusal(self.refuse_hashing),
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
