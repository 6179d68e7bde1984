"""A model looks at the pictures of running prints and says when one looks spoiled."""
