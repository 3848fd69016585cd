# What vssadmin says of the writers, in the language of Windows; states stand in it as numbers: vss_writers
# timeout: 90
$vssadmin = Join-Path ([Environment]::SystemDirectory) 'vssadmin.exe'
$lines = @(& $vssadmin list writers 2>$null | Select-Object -First 2000 | ForEach-Object { [string]$_ })
@{ status = $LASTEXITCODE; text = ($lines -join "`n") }
