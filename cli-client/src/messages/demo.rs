messages! { x() = "a", "的"; }
