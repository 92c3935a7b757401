//! Services at the edge: the loops and the means that `innkeeper_core::alert` decides for.
