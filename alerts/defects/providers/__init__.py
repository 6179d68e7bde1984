"""Who looks at the pictures: an OpenAI-compatible vision API, or Obico's server in the house."""
