# Whether this computer's account still has the trust of its domain.
# timeout: 60
@{ trusted = [bool](Test-ComputerSecureChannel) }
