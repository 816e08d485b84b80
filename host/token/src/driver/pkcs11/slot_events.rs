//! Waiting for the tokens of a module to come and go, in the module's process: on a thread of its
//! own, as the module stays in that one call until something happens.

use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use kagibashi_vendor_module::SlotEvents;

use super::messages::Answer;
use super::worker::Answers;

/// A module that does not tell says so within that time; one that does is in the call by then.
const ENTERED: Duration = Duration::from_millis(50);

/// A module that has news without waiting for any is given time; if it always has, it is not asked
/// any more.
const HASTE: Duration = Duration::from_millis(5);
const HASTY_MAX: u32 = 32;
const PAUSE: Duration = Duration::from_millis(250);

/// Begins to wait, and returns whether the module does.
pub fn begin<W: Write + Send + 'static>(events: SlotEvents, answers: Answers<W>) -> bool {
    let (alive, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        let tell = || answers.tell(0, Answer::SlotEvent).is_some();
        follow(|| events.wait().is_ok(), tell, PAUSE);
        drop(alive);
    });
    ended.recv_timeout(ENTERED) == Err(RecvTimeoutError::Timeout)
}

/// Tells of every event until there are no more, or nobody to tell.
fn follow(wait: impl Fn() -> bool, mut tell: impl FnMut() -> bool, pause: Duration) {
    let mut hasty = 0;
    while hasty < HASTY_MAX {
        let begun = Instant::now();
        if !wait() || !tell() {
            return;
        }
        if begun.elapsed() < HASTE {
            hasty += 1;
            thread::sleep(pause);
        } else {
            hasty = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_never_waits_is_left_alone_and_one_that_does_is_not() {
        let told = |waits: Duration| {
            let mut told = 0;
            let wait = || {
                thread::sleep(waits);
                true
            };
            let tell = || {
                told += 1;
                told <= HASTY_MAX
            };
            follow(wait, tell, Duration::ZERO);
            told
        };
        assert_eq!(told(Duration::ZERO), HASTY_MAX);
        assert_eq!(told(2 * HASTE), HASTY_MAX + 1);
    }
}
