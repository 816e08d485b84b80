//! What may be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::doctor::DoctorArgs;
use crate::install::{InstallArgs, UninstallArgs};
use crate::language::Language;

/// Client certificates on a USB token, for the browser and the terminal.
///
/// Exit codes: 0 done; 1 unexpected trouble; 2 wrong usage; 3 the person (cancelled, wrong PIN);
/// 4 the token; 5 this computer (service, reader, files, a finding of doctor); 6 a rule that was set.
#[derive(Debug, Parser)]
#[command(name = "kagibashi", version, about, long_about)]
pub struct Arguments {
    /// Language of messages; otherwise the system's.
    #[arg(long, global = true, value_enum)]
    pub lang: Option<LanguageName>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A language by its short name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LanguageName {
    /// 日本語
    Ja,
    /// English
    En,
}

impl From<LanguageName> for Language {
    fn from(name: LanguageName) -> Self {
        match name {
            LanguageName::Ja => Self::Japanese,
            LanguageName::En => Self::English,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the tokens that are plugged in.
    Tokens {
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// List the certificates on all tokens.
    Certificates {
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// Look at one certificate, or save it.
    #[command(subcommand)]
    Certificate(CertificateCommand),
    /// Sign a Web eID challenge and print the authentication token.
    Authenticate(AuthenticateArgs),
    /// Sign a hash and print the signature in base64.
    Sign(SignArgs),
    /// Look after the user PIN.
    #[command(subcommand)]
    Pin(PinCommand),
    /// Sites that may ask for signatures of hashes.
    #[command(subcommand)]
    Sites(SiteCommand),
    /// PKCS#11 modules of other makers, for tokens that Kagibashi does not serve by itself.
    #[command(subcommand)]
    Module(ModuleCommand),
    /// Serve the PKCS#11 module of programs that are no browsers. Started by the module.
    Agent,
    /// Run one vendor's module. Started by this program itself.
    #[command(hide = true)]
    ModuleWorker {
        /// Its file.
        module: PathBuf,
    },
    /// Make this program known to the browsers.
    Install(InstallArgs),
    /// Undo exactly what install did.
    Uninstall(UninstallArgs),
    /// Look at everything between browser and token, and say how to mend it.
    Doctor(DoctorArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What to do with one certificate.
#[derive(Debug, Subcommand)]
pub enum CertificateCommand {
    /// Show what it says.
    Show {
        /// Its id, or the beginning of it (at least 8 digits).
        id: String,
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// Save it (the public part: the private key never leaves the token).
    Export {
        /// Its id, or the beginning of it (at least 8 digits).
        id: String,
        /// Where to; otherwise to standard output.
        #[arg(long)]
        out: Option<PathBuf>,
        /// p7b takes the chain along.
        #[arg(long, value_enum, default_value_t = Format::Pem)]
        format: Format,
    },
}

/// Formats of a saved certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Base64 between lines.
    Pem,
    /// The bytes alone.
    Der,
    /// PKCS#7 with the chain.
    P7b,
}

/// How the PIN is given. There is no argument for the PIN itself: other
/// programs could read it there.
#[derive(Clone, Debug, Args)]
pub struct PinSource {
    /// Read the PIN from the first line of standard input instead of asking.
    #[arg(long)]
    pub pin_stdin: bool,
    /// Yes, also when a wrong PIN would lock the token.
    #[arg(long)]
    pub last_try: bool,
}

/// A challenge to sign.
#[derive(Debug, Args)]
pub struct AuthenticateArgs {
    /// The site, such as <https://portal.example.jp>.
    #[arg(long)]
    pub origin: String,
    /// The challenge, 44 to 128 characters.
    #[arg(long)]
    pub nonce: String,
    /// Id of the certificate, when there are several.
    #[arg(long)]
    pub certificate: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "flattened")]
    pub pin: PinSource,
}

/// A hash to sign.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Id of the certificate, or the beginning of it (at least 8 digits).
    #[arg(long)]
    pub certificate: String,
    /// SHA-256, SHA-384 or SHA-512.
    #[arg(long)]
    pub hash_function: String,
    /// The hash in hexadecimal.
    #[arg(long)]
    pub hash: String,
    /// How to pad for an RSA key; pkcs1 if not said. Other keys pad nothing.
    #[arg(long, value_enum)]
    pub padding: Option<PaddingName>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "flattened")]
    pub pin: PinSource,
}

/// Paddings by their short names.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PaddingName {
    /// RSASSA-PKCS1-v1_5
    Pkcs1,
    /// RSASSA-PSS
    Pss,
}

/// What to do with the PIN.
#[derive(Debug, Subcommand)]
pub enum PinCommand {
    /// How many tries are left. Costs none.
    Status {
        /// Serial number of the token, when there are several.
        #[arg(long)]
        token: Option<String>,
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// Try the PIN. A wrong one costs a try.
    Verify(PinArgs),
    /// Change the PIN. On standard input: the PIN, then the new one, a line each.
    Change(PinArgs),
    /// Set a new PIN with the PUK, also when the PIN is locked. On standard input: the PUK, then the
    /// new PIN, a line each.
    Unblock(PinArgs),
}

/// Which token, and how its PIN is given.
#[derive(Debug, Args)]
pub struct PinArgs {
    /// Serial number of the token, when there are several.
    #[arg(long)]
    pub token: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "flattened")]
    pub pin: PinSource,
}

/// What to do with the sites.
#[derive(Debug, Subcommand)]
pub enum SiteCommand {
    /// List them.
    List {
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// Take a site's grant back.
    Revoke {
        /// The site, such as <https://portal.example.jp>.
        origin: String,
    },
}

/// What to do with the modules of other makers.
#[derive(Debug, Subcommand)]
pub enum ModuleCommand {
    /// List those that are used, and those on this computer that could be.
    List {
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// Use a module from now on, in a process of its own. It runs with your rights: add only what
    /// you trust.
    Add {
        /// Its file, with the whole path.
        path: PathBuf,
        /// A name for it; otherwise that of its file.
        #[arg(long)]
        name: Option<String>,
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// Do not use it any more. Its file stays where it is.
    Remove {
        /// Its name.
        name: String,
    },
    /// Say who serves a token that both this module and Kagibashi itself could serve.
    Prefer {
        /// The module's name.
        name: String,
        /// Who does.
        #[arg(value_enum)]
        driver: Preferred,
    },
}

/// Who serves a token that two could serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preferred {
    /// Kagibashi itself, as at first.
    Own,
    /// The module.
    Module,
}
