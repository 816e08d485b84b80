//! ISO 7816-4 from APDUs to a card in a PC/SC reader, with secure messaging.
