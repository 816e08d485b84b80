//! Things that go wrong, on request: for tests of the host above.

use std::time::Duration;

/// One trouble at one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// From this command on the card answers nothing, until it is reset. In the virtual
    /// reader, which knows no time-out, whoever waits goes on waiting until it is removed.
    Mute,
    /// Of the answer to this command only the first byte arrives.
    Truncate,
    /// The answer to this command carries a wrong MAC.
    CorruptMac,
    /// Before this command the session is gone, as if another program had taken it.
    LoseSession,
    /// The card is pulled out of its reader instead of answering this command.
    Remove,
}

/// What is planned, and what is in force.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    planned: Vec<(u64, Fault)>,
    pub(crate) mute: bool,
    /// How long each private key operation takes on top of computing it.
    pub key_delay: Duration,
}

impl Faults {
    /// Plans a fault for one of the next commands; 1 is the very next.
    pub fn plan(&mut self, command: u64, fault: Fault) {
        self.planned.push((command, fault));
    }

    /// Forgets everything planned and everything in force, the delay included.
    pub fn clear(&mut self) {
        *self = Faults::default();
    }

    /// Counts one command and hands out what was planned for it.
    pub(crate) fn due(&mut self) -> Vec<Fault> {
        let mut due = Vec::new();
        self.planned.retain_mut(|(countdown, fault)| {
            *countdown = countdown.saturating_sub(1);
            if *countdown == 0 {
                due.push(*fault);
            }
            *countdown != 0
        });
        due
    }
}
