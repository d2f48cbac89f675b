"""What a model's file says before anything is built: its operators, its sizes, who supports it, where it can fit."""
