//! What crosses a process border in Kagibashi: frames, messages, error codes.
