# Sites and application pools of IIS: whether IIS starts them, and their state as a number (ObjectState).
# timeout: 30
$library = Join-Path $env:windir 'System32\inetsrv\Microsoft.Web.Administration.dll'
if (-not (Test-Path -LiteralPath $library)) { @{ found = $false; sites = @(); pools = @() }; return }
[void][Reflection.Assembly]::LoadFrom($library)
$most = 500
$manager = New-Object Microsoft.Web.Administration.ServerManager
try {
    # A site for FTP alone has no state of its own and says so by an error.
    $sites = @($manager.Sites | Select-Object -First $most | ForEach-Object {
            $state = 4
            try { $state = [int]$_.State } catch { $state = 4 }
            $bound = @($_.Bindings | Select-Object -First 5 | ForEach-Object {
                    [string]$_.Protocol + ' ' + [string]$_.BindingInformation })
            [ordered]@{ name = [string]$_.Name; auto = [bool]$_.ServerAutoStart; state = $state
                detail = ($bound -join ', ') }
        })
    $pools = @($manager.ApplicationPools | Select-Object -First $most | ForEach-Object {
            $state = 4
            try { $state = [int]$_.State } catch { $state = 4 }
            [ordered]@{ name = [string]$_.Name; auto = [bool]$_.AutoStart; state = $state
                detail = [string]$_.ManagedRuntimeVersion }
        })
    @{ found = $true; sites = $sites; pools = $pools }
}
finally { $manager.Dispose() }
