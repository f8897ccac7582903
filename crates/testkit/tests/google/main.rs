//! The emulated Google against what the real one was recorded to answer. The client here is plain HTTP, so
//! that the emulator is held to the recordings and not to our own client.

mod page;
mod recorded;
mod replay;
mod support;
mod token;
mod writing;
