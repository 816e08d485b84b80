//! `module-worker`: the process that one vendor's module runs in. Started by
//! this program itself.

use std::path::Path;

use kagibashi_token::driver::pkcs11;

use super::Outcome;

/// Serves the host at the other ends of stdin and stdout until it goes.
pub fn run(module: &Path) -> Outcome {
    let (requests, answers) = pipes()?;
    pkcs11::serve(module, requests, answers);
    Ok(())
}

/// The pipes under other numbers: what the module prints, or asks at a
/// terminal, must not come between. And a module that crashes leaves no core
/// behind, in which a PIN could be.
#[cfg(unix)]
fn pipes() -> anyhow::Result<(std::fs::File, std::fs::File)> {
    use std::fs::File;

    use rustix::process::{Resource, Rlimit, setrlimit};
    use rustix::{io, stdio};

    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    let requests = File::from(io::fcntl_dupfd_cloexec(stdio::stdin(), 3)?);
    let answers = File::from(io::fcntl_dupfd_cloexec(stdio::stdout(), 3)?);
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    stdio::dup2_stdin(&nowhere)?;
    stdio::dup2_stdout(&nowhere)?;
    Ok((requests, answers))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
fn pipes() -> anyhow::Result<(std::io::Stdin, std::io::Stdout)> {
    Ok((std::io::stdin(), std::io::stdout()))
}
