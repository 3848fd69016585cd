# What Windows Update knows: pending updates, the history of installations, the last successes.
# It searches what the last automatic search found: no traffic, no change. The moments of the API are UTC.
# timeout: 240
function Get-Utc($moment) {
    if ($null -eq $moment) { return $null }
    return [DateTime]::SpecifyKind([DateTime]$moment, [DateTimeKind]::Utc)
}
$answer = @{ pending = $null; history = $null; error = $null; last_search = $null; last_install = $null }
$session = New-Object -ComObject Microsoft.Update.Session
$searcher = $session.CreateUpdateSearcher()
$searcher.Online = $false
try {
    $found = $searcher.Search('IsInstalled=0 and IsHidden=0').Updates
    $answer.pending = @(foreach ($update in @($found | Select-Object -First 1000)) {
            @{
                id         = [string]$update.Identity.UpdateID
                title      = [string]$update.Title
                severity   = [string]$update.MsrcSeverity
                kb         = @($update.KBArticleIDs | ForEach-Object { [string]$_ })
                categories = @($update.Categories | ForEach-Object { [string]$_.CategoryID })
                published  = Get-Utc $update.LastDeploymentChangeTime
                downloaded = [bool]$update.IsDownloaded
            }
        })
}
catch { $answer.error = [int]$_.Exception.HResult }
try {
    $count = [Math]::Min(200, [int]$searcher.GetTotalHistoryCount())
    $answer.history = @()
    if ($count -gt 0) {
        $answer.history = @(foreach ($entry in @($searcher.QueryHistory(0, $count))) {
                @{
                    id        = [string]$entry.UpdateIdentity.UpdateID
                    title     = [string]$entry.Title
                    at        = Get-Utc $entry.Date
                    operation = [int]$entry.Operation
                    result    = [int]$entry.ResultCode
                    code      = [int]$entry.HResult
                }
            })
    }
}
catch { $null = $_ }
try {
    $results = (New-Object -ComObject Microsoft.Update.AutoUpdate).Results
    $answer.last_search = Get-Utc $results.LastSearchSuccessDate
    $answer.last_install = Get-Utc $results.LastInstallationSuccessDate
}
catch { $null = $_ }
$answer
