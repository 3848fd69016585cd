# What Chocolatey would upgrade: lines NAME|INSTALLED|OFFERED|PINNED (choco outdated --limit-output).
# timeout: 120
$folder = $env:ChocolateyInstall
if (-not $folder) { $folder = Join-Path $env:ProgramData 'chocolatey' }
$choco = Join-Path $folder 'bin\choco.exe'
if (-not (Test-Path -LiteralPath $choco)) { @{ found = $false }; return }
$lines = @(& $choco outdated --limit-output --no-progress --no-color 2>$null | Select-Object -First 2000)
@{ found = $true; status = $LASTEXITCODE; text = (($lines | ForEach-Object { [string]$_ }) -join "`n") }
