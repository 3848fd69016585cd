# What winget would upgrade: objects of the module Microsoft.WinGet.Client, else the table that winget prints.
# The service account has no winget on its path: then it is started from the folder of App Installer.
# timeout: 180
if (Get-Module -ListAvailable -Name Microsoft.WinGet.Client) {
    try {
        $rows = @(Get-WinGetPackage -Source winget | Where-Object { $_.IsUpdateAvailable } | Select-Object -First 1000)
        $packages = @(foreach ($row in $rows) {
                $offered = @($row.AvailableVersions)
                @{
                    id        = [string]$row.Id
                    name      = [string]$row.Name
                    installed = [string]$row.InstalledVersion
                    offered   = $(if ($offered.Count) { [string]$offered[0] } else { '' })
                }
            })
        @{ found = $true; packages = $packages }
        return
    }
    catch { $null = $_ }
}
$winget = $null
$command = Get-Command -Name winget.exe -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
if ($command) { $winget = $command.Source }
else {
    $pattern = Join-Path $env:ProgramFiles 'WindowsApps\Microsoft.DesktopAppInstaller_*_8wekyb3d8bbwe\winget.exe'
    $file = Get-Item -Path $pattern -ErrorAction SilentlyContinue | Sort-Object -Property LastWriteTime | Select-Object -Last 1
    if ($file) { $winget = $file.FullName }
}
if (-not $winget) { @{ found = $false }; return }
$before = [Console]::OutputEncoding
try {
    [Console]::OutputEncoding = New-Object System.Text.UTF8Encoding -ArgumentList $false
    $lines = @(& $winget upgrade --source winget --disable-interactivity 2>$null | Select-Object -First 3000)
    $status = $LASTEXITCODE
}
finally { [Console]::OutputEncoding = $before }
@{ found = $true; status = $status; text = (($lines | ForEach-Object { [string]$_ }) -join "`n") }
