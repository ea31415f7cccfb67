"""How sure a fit is: noise that fits the residuals, covariance, profile likelihood and posterior."""
