//! Whole releases by the real binary, seen from outside. One test program, so that it is linked once.

mod ends;
mod expect;
mod interrupted;
mod plan;
mod secret;
