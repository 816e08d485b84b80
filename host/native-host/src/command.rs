//! What Kagibashi does when it is asked: the same for a page and for a terminal.

pub mod authenticate;
pub mod certificate_by_id;
pub mod certificate_details;
pub mod choice;
pub mod export;
pub mod found;
pub mod log_in;
pub mod modules;
pub mod new_pin;
pub mod pin_entry;
pub mod reading;
pub mod sign;
pub mod signature;
pub mod signing_certificate;
pub mod status;
pub mod survey;
pub mod token_by_id;
