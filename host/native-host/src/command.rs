//! What Kagibashi does when it is asked: the same for a page and for a terminal.

pub mod authenticate;
pub mod choice;
pub mod log_in;
pub mod pin_entry;
pub mod sign;
pub mod signature;
pub mod signing_certificate;
pub mod status;
pub mod survey;
