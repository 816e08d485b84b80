//! A software ePass2003 that plugs into PC/SC.
