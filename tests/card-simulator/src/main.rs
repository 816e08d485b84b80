//! `kagibashi-card-simulator`: makes software tokens and plugs them into pcscd.

mod program;

use clap::Parser;

fn main() -> anyhow::Result<()> {
    program::Arguments::parse().run()
}
