//! `make` and `blank`: a new token in a file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use der::pem::{LineEnding, encode_string};
use kagibashi_card_simulator::personalise::{
    Attributes, Layout, Request, Token, company, eight_certificates, two_certificates,
};
use kagibashi_card_simulator::{Card, state_file};

use super::Chip;

/// Options of `make`.
#[derive(Debug, Args)]
pub struct Make {
    /// What to put onto it.
    #[arg(long, value_enum)]
    kind: Kind,
    #[command(flatten)]
    chip: Chip,
    /// PIN of the test token, 4 to 16 ASCII characters.
    #[arg(long, default_value = "12345678")]
    pin: String,
    /// PUK of the test token, likewise.
    #[arg(long, default_value = "87654321")]
    puk: String,
    /// Tries of the PIN before it is blocked.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=15))]
    tries: u8,
    /// Name of the token.
    #[arg(long, default_value = "デモトークン")]
    label: String,
    /// How its files are arranged.
    #[arg(long, value_enum, default_value_t = LayoutName::Pkcs15)]
    layout: LayoutName,
    /// With --layout espk: what the attributes of keys and certificates tell.
    #[arg(long, value_enum, default_value_t = AttributesName::All)]
    attributes: AttributesName,
    /// Folder to write the certificates to: root.pem, intermediate.pem, client-0.pem, …
    #[arg(long, value_name = "DIR")]
    ca_out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// One key, one valid client certificate, its chain.
    Company,
    /// Two keys with a client certificate each, one of them expired.
    TwoCertificates,
    /// Six keys with a valid client certificate each, and the chain: no room for more.
    EightCertificates,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LayoutName {
    /// PKCS#15, as OpenSC writes it.
    Pkcs15,
    /// ENTERSAFE-ESPK, as the maker's own software writes it.
    Espk,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AttributesName {
    /// All there are.
    All,
    /// No identifiers.
    WithoutId,
    /// No identifiers, and nothing in private keys that public ones tell.
    Few,
}

/// Options of `blank`.
#[derive(Debug, Args)]
pub struct Blank {
    #[command(flatten)]
    chip: Chip,
}

impl Make {
    pub fn run(self) -> anyhow::Result<()> {
        for pin in [&self.pin, &self.puk] {
            ensure!(
                pin.is_ascii() && (4..=16).contains(&pin.len()),
                "PIN and PUK have 4 to 16 ASCII characters"
            );
        }
        ensure!(self.label.len() <= 32, "a label has at most 32 bytes");
        let request = Request {
            settings: self.chip.settings(),
            pin: self.pin,
            puk: self.puk,
            tries: self.tries,
            label: self.label,
            layout: match self.layout {
                LayoutName::Pkcs15 => Layout::Pkcs15,
                LayoutName::Espk => Layout::Espk(match self.attributes {
                    AttributesName::All => Attributes::All,
                    AttributesName::WithoutId => Attributes::WithoutId,
                    AttributesName::Few => Attributes::Few,
                }),
            },
            ..Request::default()
        };
        let token = match self.kind {
            Kind::Company => company(&request),
            Kind::TwoCertificates => two_certificates(&request),
            Kind::EightCertificates => eight_certificates(&request),
        };
        save(&self.chip.state, &token.card)?;
        if let Some(directory) = &self.ca_out {
            write_certificates(directory, &token)
                .with_context(|| format!("cannot write certificates to {}", directory.display()))?;
        }
        Ok(())
    }
}

impl Blank {
    pub fn run(self) -> anyhow::Result<()> {
        save(&self.chip.state, &Card::blank(self.chip.settings()))
    }
}

fn save(path: &Path, card: &Card) -> anyhow::Result<()> {
    state_file::save(path, card).with_context(|| format!("cannot write {}", path.display()))
}

fn write_certificates(directory: &Path, token: &Token) -> anyhow::Result<()> {
    fs::create_dir_all(directory)?;
    let write = |name: &str, der: &[u8]| -> anyhow::Result<()> {
        let pem = encode_string("CERTIFICATE", LineEnding::LF, der).map_err(anyhow::Error::msg)?;
        Ok(fs::write(directory.join(name), pem)?)
    };
    write("root.pem", &token.root)?;
    write("intermediate.pem", &token.intermediate)?;
    for (number, client) in token.clients.iter().enumerate() {
        write(&format!("client-{number}.pem"), client)?;
    }
    Ok(())
}
