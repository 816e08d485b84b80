//! What only a person can answer: which certificate, the PIN, yes or no.
//!
//! Asked of the extension's window or of the terminal; a command does not know
//! which.

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::Failure;
use kagibashi_protocol::view::{Answer, View};

/// Somebody who sees a view and may answer it.
pub trait Prompt {
    /// Shows the whole window anew. What was shown before can't be answered
    /// any more.
    fn show(&mut self, view: View) -> Result<(), Failure>;

    /// Waits for what happens next. The failure is the end of the request:
    /// the person, the page or the time said no.
    fn next(&mut self) -> Result<Happening, Failure>;

    /// Raised as soon as the request has ended, so that the card stops too.
    fn cancel(&self) -> &Cancel;

    /// Why the request was ended, once [`Prompt::cancel`] is raised.
    fn ended_by(&self) -> Failure;
}

/// What a command may wait for.
pub enum Happening {
    /// The newest view was answered.
    Answered(Answer),
    /// A token was plugged in or pulled out.
    TokensChanged,
}
