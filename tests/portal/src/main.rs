//! `kagibashi-portal`: the demo portal as a program.

mod program;

use clap::Parser as _;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    program::Arguments::parse().run().await
}
