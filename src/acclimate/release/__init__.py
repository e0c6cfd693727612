"""Gates that a project sets beforehand, and the verdict that its reports give under them."""
