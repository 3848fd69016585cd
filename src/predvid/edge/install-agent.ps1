<#
.SYNOPSIS
Runs the Predvid agent on Windows as a scheduled task of the SYSTEM account that starts with the machine.

.DESCRIPTION
Enrol first (docs/agent.md). The script leaves the state folder and its policy.toml to SYSTEM and Administrators
alone, registers the task, and starts it. Running it again repairs both. -Remove takes the task away and keeps
the state folder.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [string] $Python,
    [string] $State = (Join-Path $env:ProgramData 'Predvid\agent'),
    [switch] $Remove
)

$ErrorActionPreference = 'Stop'
$task = 'Predvid agent'

$me = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
if (-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    throw 'Run this script as administrator.'
}
if ($Remove) {
    Stop-ScheduledTask -TaskName $task -ErrorAction SilentlyContinue
    Unregister-ScheduledTask -TaskName $task -Confirm:$false
    Write-Output "The task '$task' is removed; $State is kept."
    return
}
if (-not (Test-Path -LiteralPath $Python)) { throw "There is no $Python." }
if (-not (Test-Path -LiteralPath (Join-Path $State 'agent.json'))) {
    throw "Enrol first: & '$Python' -m predvid agent enroll URL --token TOKEN --state '$State'"
}

# An empty policy file means the default: installed read-only checks, no probing, no tasks. It exists so that the
# access control list below guards a file, not the freedom to create one.
$policy = Join-Path $State 'policy.toml'
if (-not (Test-Path -LiteralPath $policy)) { New-Item -ItemType File -Path $policy | Out-Null }

# S-1-5-18 is SYSTEM, S-1-5-32-544 Administrators: the names are translated on localised Windows, these are not.
& icacls.exe $State /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' | Out-Null
if ($LASTEXITCODE -ne 0) { throw "icacls could not protect $State (exit status $LASTEXITCODE)." }
Get-ChildItem -LiteralPath $State -Force | ForEach-Object {
    & icacls.exe $_.FullName /reset /T /Q | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "icacls could not protect $($_.FullName)." }
}
& icacls.exe $State /setowner '*S-1-5-32-544' /T /Q | Out-Null
if ($LASTEXITCODE -ne 0) { throw "icacls could not set the owner of $State." }

$action = New-ScheduledTaskAction -Execute $Python -Argument "-m predvid agent run --state `"$State`""
$trigger = New-ScheduledTaskTrigger -AtStartup
$account = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::Zero) -RestartCount 999 `
    -RestartInterval (New-TimeSpan -Minutes 1) -MultipleInstances IgnoreNew -StartWhenAvailable `
    -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -Priority 7
Register-ScheduledTask -TaskName $task -Action $action -Trigger $trigger -Principal $account `
    -Settings $settings -Force | Out-Null
Start-ScheduledTask -TaskName $task
Write-Output "The task '$task' is registered and started. See: & '$Python' -m predvid agent status --state '$State'"
